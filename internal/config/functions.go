package config

import (
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// maxFunctionFile bounds what the function file reads.
const maxFunctionFile = 1 << 20

// functions are those of the language. dir is what file("…") starts from: the folder
// of the main configuration file.
func functions(dir string) map[string]function.Function {
	table := make(map[string]function.Function, len(pureFunctions)+2)
	for name, f := range pureFunctions {
		table[name] = f
	}
	table["env"] = envFunc
	table["file"] = fileFunc(dir)
	return table
}

var pureFunctions = map[string]function.Function{
	"cidrhost":    cidrHostFunc,
	"cidrnetmask": cidrNetmaskFunc,

	"abs":      stdlib.AbsoluteFunc,
	"ceil":     stdlib.CeilFunc,
	"floor":    stdlib.FloorFunc,
	"max":      stdlib.MaxFunc,
	"min":      stdlib.MinFunc,
	"parseint": stdlib.ParseIntFunc,

	"chomp":      stdlib.ChompFunc,
	"format":     boundedFormat(stdlib.FormatFunc),
	"formatlist": boundedFormat(stdlib.FormatListFunc),
	"join":       stdlib.JoinFunc,
	"lower":      stdlib.LowerFunc,
	"regex":      stdlib.RegexFunc,
	"regexall":   stdlib.RegexAllFunc,
	"replace":    stdlib.ReplaceFunc,
	"split":      stdlib.SplitFunc,
	"strlen":     stdlib.StrlenFunc,
	"substr":     stdlib.SubstrFunc,
	"title":      stdlib.TitleFunc,
	"trim":       stdlib.TrimFunc,
	"trimprefix": stdlib.TrimPrefixFunc,
	"trimspace":  stdlib.TrimSpaceFunc,
	"trimsuffix": stdlib.TrimSuffixFunc,
	"upper":      stdlib.UpperFunc,

	"chunklist": stdlib.ChunklistFunc,
	"coalesce":  stdlib.CoalesceFunc,
	"compact":   stdlib.CompactFunc,
	"concat":    stdlib.ConcatFunc,
	"contains":  stdlib.ContainsFunc,
	"distinct":  stdlib.DistinctFunc,
	"element":   stdlib.ElementFunc,
	"flatten":   stdlib.FlattenFunc,
	"index":     stdlib.IndexFunc,
	"keys":      stdlib.KeysFunc,
	"length":    stdlib.LengthFunc,
	"lookup":    stdlib.LookupFunc,
	"merge":     stdlib.MergeFunc,
	"range":     stdlib.RangeFunc,
	"reverse":   stdlib.ReverseListFunc,
	"slice":     stdlib.SliceFunc,
	"sort":      stdlib.SortFunc,
	"values":    stdlib.ValuesFunc,
	"zipmap":    stdlib.ZipmapFunc,

	"csvdecode":  stdlib.CSVDecodeFunc,
	"jsondecode": stdlib.JSONDecodeFunc,
	"jsonencode": stdlib.JSONEncodeFunc,

	"tobool":   stdlib.MakeToFunc(cty.Bool),
	"tolist":   stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
	"tomap":    stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
	"tonumber": stdlib.MakeToFunc(cty.Number),
	"toset":    stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
	"tostring": stdlib.MakeToFunc(cty.String),

	"can": tryfunc.CanFunc,
	"try": tryfunc.TryFunc,
}

// envFunc is env(name) or env(name, default). A variable that is not set and has no
// default is a mistake: an empty text would be a guess.
var envFunc = function.New(&function.Spec{
	Params:   []function.Parameter{{Name: "name", Type: cty.String}},
	VarParam: &function.Parameter{Name: "default", Type: cty.String},
	Type:     function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if len(args) > 2 {
			return cty.NilVal, function.NewArgErrorf(2, "env takes a name and at most one default")
		}
		name := args[0].AsString()
		if value, ok := os.LookupEnv(name); ok {
			return cty.StringVal(value), nil
		}
		if len(args) == 2 {
			return args[1], nil
		}
		return cty.NilVal, function.NewArgErrorf(0,
			"the environment variable %s is not set; set it, or give a default: env(%q, \"…\")", name, name)
	},
})

// fileFunc is file(path): the text of a file, as it is. A relative path starts from
// dir.
func fileFunc(dir string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path := args[0].AsString()
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, path)
			}
			text, _, err := readRegular(path, maxFunctionFile)
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			if !utf8.Valid(text) {
				return cty.NilVal, function.NewArgErrorf(0, "%s is not a text in UTF-8", path)
			}
			return cty.StringVal(string(text)), nil
		},
	})
}

// boundedFormat is format or formatlist with formatWidths before it.
func boundedFormat(f function.Function) function.Function {
	return function.New(&function.Spec{
		Params:   f.Params(),
		VarParam: f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if args[0].IsKnown() && !args[0].IsNull() {
				if err := formatWidths(args[0].AsString()); err != nil {
					return cty.NilType, function.NewArgError(0, err)
				}
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	})
}

package archtest

// A room is a folder with what lies below it.
type room struct {
	name  string   // below the module's root
	may   []string // rooms that its code may import; its own folders go without saying
	tests []string // rooms that only its tests may import besides
	why   string   // one sentence, for the one who broke it
	// never lists names of other rooms, as "package.Name", that its code may not use.
	never []string
	// pure lists packages of the standard library that its code may not even
	// depend on by way of others.
	pure []string
}

const alone = "a protocol room takes its own small Config and Ledger, so that each can be understood, tested and replaced without the others: let the director map"

// rooms are all the rooms there may be; those that do not exist yet are rules
// for the day when they do.
var rooms = []room{
	{
		name: "internal/vrrp", why: "the state machine is pure: the caller passes time and messages in and carries effects out",
		pure: []string{"context", "log", "log/slog", "math/rand", "math/rand/v2", "net", "os/exec", "os/signal"},
	},
	{name: "internal/vrrp/node", may: []string{"internal/vrrp"}, why: "the node is the shell around the state machine and knows nothing else"},
	{name: "internal/health", why: alone},
	{name: "internal/ipvs", why: alone},
	{name: "internal/vip", why: alone},
	{name: "internal/arp", why: alone},
	{name: "internal/owned", why: alone},
	{name: "internal/sysctl", why: alone},
	{name: "internal/config", why: "the configuration says what is wanted, in values of its own; it knows no room that does it"},
	{
		name: "internal/director",
		may: []string{
			"internal/config", "internal/vrrp", "internal/vrrp/node", "internal/health", "internal/ipvs", "internal/vip",
			"internal/arp", "internal/owned", "internal/sysctl",
		},
		why: "the director joins configuration and protocol rooms; who serves or shows its status depends on it, not it on them",
	},
	{name: "internal/control", may: []string{"internal/director"}, never: acting, why: reader},
	{name: "internal/metrics", may: []string{"internal/director"}, never: acting, why: reader},
	{name: "internal/logq", why: "it is a writer and knows nothing of what is written"},
	{name: "internal/show", may: []string{"internal/director"}, never: acting, why: reader},
	{
		name: "cmd/lbha",
		may: []string{
			"internal/config", "internal/director", "internal/control", "internal/metrics", "internal/show",
			// It opens the kernel and the ledger for the director, so that tests can give it others.
			"internal/ipvs", "internal/vip", "internal/owned", "internal/logq",
		},
		why: "the command reads flags and wires; what could be tested lives in a room",
	},
	{name: "configs", tests: []string{"internal/config"}, why: "the samples are data; only their test loads them"},
	{
		// The lab asks by the control socket and reads the answer into the program's own type.
		name: "test", may: []string{"internal/director", "internal/control"}, tests: []string{"internal/config"}, never: acting,
		why: "the lab drives the finished program from outside, as a user does, and knows only what the control socket answers",
	},
	{name: "internal/archtest", why: "it looks at the rooms and needs none of them"},
}

const reader = "it reads the director's immutable Status and hands requests over; it must not hold or make a Director"

// acting are the director's names that are not status.
var acting = []string{"director.New", "director.Director", "director.Options"}

// An adapter is a library that only the rooms named here may import: it is kept
// behind them.
type adapter struct {
	library string // a path and what lies below it
	rooms   []string
	why     string
}

var adapters = []adapter{
	{"github.com/moby/ipvs", []string{"internal/ipvs"}, "its reads and writes of destinations are wrong in ways that only our adapter knows to avoid"},
	{"github.com/mdlayher/arp", []string{"internal/arp"}, "frames are built in one place"},
	{"github.com/mdlayher/packet", []string{"internal/arp"}, "frames are sent from one place"},
	{"github.com/vishvananda/netlink", []string{"internal/ipvs", "internal/vip", "test"}, "the kernel's tables have one owner each"},
	{"github.com/hashicorp/hcl", []string{"internal/config"}, "no room but the configuration knows what language a file is in"},
	{"github.com/zclconf/go-cty", []string{"internal/config"}, "no room but the configuration knows what language a file is in"},
	{"github.com/spf13/cobra", []string{"cmd/lbha"}, "rooms have no flags"},
	{"github.com/coreos/go-systemd", []string{"cmd/lbha"}, "rooms do not know what started them"},
}

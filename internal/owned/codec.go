package owned

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// version is the form of the file. A file of another version is not guessed
// at: it is set aside, as a damaged one is.
const version = 1

type fileAddress struct {
	Prefix string `json:"prefix"`
	Link   string `json:"link"`
}

type fileSysctl struct {
	Key      string `json:"key"`
	Original string `json:"original"`
	Ours     string `json:"ours"`
}

type file struct {
	Version   int           `json:"version"`
	Services  []string      `json:"services"`
	Addresses []fileAddress `json:"addresses"`
	Sysctls   []fileSysctl  `json:"sysctls"`
}

// encode writes the claims as JSON in sorted order: the same claims are always
// the same bytes.
func encode(c *claims) ([]byte, error) {
	f := file{
		Version:   version,
		Services:  c.serviceList(),
		Addresses: make([]fileAddress, 0, len(c.addresses)),
		Sysctls:   make([]fileSysctl, 0, len(c.sysctls)),
	}
	if f.Services == nil {
		f.Services = []string{}
	}
	for _, a := range c.addressList() {
		f.Addresses = append(f.Addresses, fileAddress{Prefix: a[0], Link: a[1]})
	}
	for _, key := range c.sysctlKeys() {
		v := c.sysctls[key]
		f.Sysctls = append(f.Sysctls, fileSysctl{Key: key, Original: v.original, Ours: v.ours})
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode claims: %w", err)
	}
	return append(b, '\n'), nil
}

// decode reads what encode wrote. It is strict: an unknown field, a claim that
// could not have been made or anything after the end makes the file a damaged
// one, because acting on half a ledger removes or forgets what is not ours to
// judge.
func decode(b []byte) (*claims, error) {
	// The version first and leniently, so that a newer file is called newer
	// and not damaged.
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, fmt.Errorf("not JSON of this form: %w", err)
	}
	if head.Version != version {
		return nil, fmt.Errorf("version is %d, this lbha reads %d", head.Version, version)
	}

	var f file
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("not JSON of this form: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the end of the JSON")
	}
	return f.claims()
}

func (f *file) claims() (*claims, error) {
	c := newClaims()
	for _, key := range f.Services {
		if err := checkService(key); err != nil {
			return nil, err
		}
		c.services[key] = true
	}
	for _, a := range f.Addresses {
		key := [2]string{a.Prefix, a.Link}
		if err := checkAddress(key); err != nil {
			return nil, err
		}
		c.addresses[key] = true
	}
	for _, s := range f.Sysctls {
		v := sysctlValue{original: s.Original, ours: s.Ours}
		if err := checkSysctl(s.Key, v); err != nil {
			return nil, err
		}
		if _, twice := c.sysctls[s.Key]; twice {
			return nil, fmt.Errorf("sysctl %s is there twice", s.Key)
		}
		c.sysctls[s.Key] = v
	}
	return c, nil
}

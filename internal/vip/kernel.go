package vip

// Kernel is the machine's addresses. One goroutine uses it at a time.
type Kernel interface {
	// List reads all addresses of all links.
	List() (map[Address]State, error)
	// Apply carries out one Op. Its errors are those of this package where
	// there is one that fits.
	Apply(Op) error
}

// Ledger remembers across lives which addresses are ours, as pairs of prefix
// and link. A claim that returns nil is safe against a crash.
type Ledger interface {
	ClaimAddresses([][2]string) error
	ReleaseAddresses([][2]string) error
	Addresses() [][2]string
}

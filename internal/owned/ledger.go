package owned

import "slices"

// ClaimService notes that the IPVS service of this key is about to be added by
// lbha. The key is the ipvs package's text and not interpreted here; it must
// be non-empty plain text. Claiming what is claimed writes nothing.
func (s *Store) ClaimService(key string) error {
	return s.ClaimServices([]string{key})
}

// ClaimServices claims all keys in one write, or none if one is unfit or the
// write fails.
func (s *Store) ClaimServices(keys []string) error {
	for _, key := range keys {
		if err := checkService(key); err != nil {
			return err
		}
	}
	return claim(s, keys, servicesOf)
}

// ReleaseService forgets a service after it was removed from the kernel.
// Releasing what is not claimed writes nothing.
func (s *Store) ReleaseService(key string) error {
	return s.ReleaseServices([]string{key})
}

// ReleaseServices forgets all keys in one write.
func (s *Store) ReleaseServices(keys []string) error {
	return release(s, keys, servicesOf)
}

// Services lists the claimed service keys, sorted.
func (s *Store) Services() []string {
	return s.now.Load().serviceList()
}

// ClaimAddress notes that prefix ("192.0.2.1/24", the host's bits kept) is
// about to be added on link by lbha. Claiming what is claimed writes nothing.
func (s *Store) ClaimAddress(prefix, link string) error {
	return s.ClaimAddresses([][2]string{{prefix, link}})
}

// ClaimAddresses claims all pairs of prefix and link in one write, or none if
// one is unfit or the write fails.
func (s *Store) ClaimAddresses(list [][2]string) error {
	for _, a := range list {
		if err := checkAddress(a); err != nil {
			return err
		}
	}
	return claim(s, list, addressesOf)
}

// ReleaseAddress forgets an address after it was removed from the kernel.
// Releasing what is not claimed writes nothing.
func (s *Store) ReleaseAddress(prefix, link string) error {
	return s.ReleaseAddresses([][2]string{{prefix, link}})
}

// ReleaseAddresses forgets all pairs in one write.
func (s *Store) ReleaseAddresses(list [][2]string) error {
	return release(s, list, addressesOf)
}

// Addresses lists the claimed addresses as pairs of prefix and link, sorted.
func (s *Store) Addresses() [][2]string {
	return s.now.Load().addressList()
}

// ClaimSysctl notes that lbha is about to write ours to a sysctl that held
// original. The first original is kept for ever: a second claim of the same
// key changes only ours, and one that changes nothing writes nothing.
func (s *Store) ClaimSysctl(key, original, ours string) error {
	v := sysctlValue{original: original, ours: ours}
	if err := checkSysctl(key, v); err != nil {
		return err
	}
	return s.change(func(c *claims) bool {
		old, had := c.sysctls[key]
		if had {
			v.original = old.original
		}
		c.sysctls[key] = v
		return !had || old.ours != ours
	})
}

// ReleaseSysctl forgets a sysctl after its original value was put back, or
// after somebody else took it over. Releasing what is not claimed writes
// nothing.
func (s *Store) ReleaseSysctl(key string) error {
	return s.change(func(c *claims) bool {
		_, had := c.sysctls[key]
		delete(c.sysctls, key)
		return had
	})
}

// EachSysctl calls f for each claimed sysctl, sorted by key.
func (s *Store) EachSysctl(f func(key, original, ours string)) {
	c := s.now.Load()
	for _, key := range c.sysctlKeys() {
		f(key, c.sysctls[key].original, c.sysctls[key].ours)
	}
}

func servicesOf(c *claims) map[string]bool     { return c.services }
func addressesOf(c *claims) map[[2]string]bool { return c.addresses }

// claim adds keys to one of the sets. It looks before it takes the lock: the
// usual claim is there already, and then nothing waits for anybody's write.
func claim[K comparable](s *Store, keys []K, set func(*claims) map[K]bool) error {
	missing := func(c *claims) bool {
		have := set(c)
		return slices.ContainsFunc(keys, func(k K) bool { return !have[k] })
	}
	if !missing(s.now.Load()) {
		return nil
	}
	return s.change(func(c *claims) bool {
		if !missing(c) {
			return false
		}
		for _, k := range keys {
			set(c)[k] = true
		}
		return true
	})
}

// release takes keys out of one of the sets.
func release[K comparable](s *Store, keys []K, set func(*claims) map[K]bool) error {
	there := func(c *claims) bool {
		have := set(c)
		return slices.ContainsFunc(keys, func(k K) bool { return have[k] })
	}
	if !there(s.now.Load()) {
		return nil
	}
	return s.change(func(c *claims) bool {
		if !there(c) {
			return false
		}
		for _, k := range keys {
			delete(set(c), k)
		}
		return true
	})
}

# No vrrp and no director: one machine whose addresses are somebody else's work.
virtual_server "web6" {
  address = "[2001:db8::52]:80"
  real_server "one" { address = "[2001:db8::102]:8080" }
}

virtual_server "dns" {
  address    = "192.168.17.103:53"
  protocol   = "udp"
  scheduler  = "dh"
  forwarding = "dr"
  on_failure = "quiesce"
  require    = "any"
  real_server "one" {
    address = "192.168.17.102:53"
    weight  = 0
  }
}

virtual_server "dns-tcp" {
  address   = "192.168.17.103:53"
  scheduler = "mh"
  check "tcp" {}
  check "tcp" { port = 8053 }
  real_server "one" {
    address = "192.168.17.102:53"
    weight  = 65535
  }
}

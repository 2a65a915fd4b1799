# The ends of the ranges, and what looks like a mistake but is none.
director "owner" {
  address  = "192.168.24.52" # its own address is the virtual one: that is what an owner is
  priority = 255
}

director "b" {
  address  = "192.168.24.53"
  priority = 1
}

vrrp "one" {
  virtual_router_id      = 1
  interface              = "eth0"
  advertisement_interval = "10ms"
  lease                  = "1s"
  virtual_address "192.168.24.52/24" {}
  announce { refresh = "0s" }
}

vrrp "two" {
  virtual_router_id      = 1 # on another interface
  interface              = "eth1.123456789a"
  advertisement_interval = "40.95s"
  lease                  = "24h"
  preempt                = false
  checksum               = "pseudo_header"
  virtual_address "point" { address = "192.168.25.0/31" }
  virtual_address "192.168.26.1/1" {}
}

vrrp "three" {
  virtual_router_id = 255
  interface         = "eth0"
  lease             = "off"
  virtual_address "192.168.27.1/32" {}
}

# A nat service needs no inner virtual address. The director may serve by nat.
virtual_server "web" {
  address = "192.168.24.52:80"
  check "http" {
    interval      = "10ms"
    timeout       = "10ms"
    fast_interval = "10ms"
    rise          = 1000
    fall          = 1
    status        = [200, "204", "300-399"]
  }
  real_server "one" { address = "192.168.24.53:80" }
}

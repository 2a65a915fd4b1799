director "a" {
  address  = "192.168.17.103"
  priority = 150
}

director "b" {
  address  = "192.168.17.103" # ERROR: Duplicate director address
  priority = 100
}

director "a" { # ERROR: Duplicate director
  address  = "192.168.17.105"
  priority = 90
}

vrrp "front" {
  virtual_router_id = 51
  interface         = "eth0"
  virtual_address "192.168.24.52/24" {}
  virtual_address "192.168.24.52/32" {} # ERROR: Duplicate virtual_address
  virtual_address "extra" { address = "192.168.24.60/24" }
  virtual_address "extra" { address = "192.168.24.61/24" } # ERROR: Duplicate virtual_address name
}

vrrp "back" {
  virtual_router_id = 51 # ERROR: Duplicate virtual_router_id
  interface         = "eth0"
  virtual_address "192.168.24.52/24" {} # ERROR: Duplicate virtual_address
}

vrrp "front" { # ERROR: Duplicate vrrp
  virtual_router_id = 51 # the same number on another interface is another router
  interface         = "eth1"
  virtual_address "192.168.25.52/24" {}
}

virtual_server "web" {
  address = "192.168.24.52:80"
  check "tcp" {}
  check "tcp" { timeout = "1s" } # ERROR: Duplicate check
  check "tcp" { port = 8080 }
  real_server "one" { address = "192.168.17.102:80" }
  real_server "one" { address = "192.168.17.101:80" } # ERROR: Duplicate real_server
  real_server "two" { address = "192.168.17.102:80" } # ERROR: Duplicate real_server address
  real_server "three" { address = "192.168.17.102:8080" }
}

virtual_server "again" {
  address = "192.168.24.52:80" # ERROR: Duplicate virtual_server address
  real_server "one" { address = "192.168.17.102:80" }
}

virtual_server "web" { # ERROR: Duplicate virtual_server
  address  = "192.168.24.52:80" # over udp it is another service
  protocol = "udp"
  real_server "one" { address = "192.168.17.102:80" }
}

virtual_server "a/b" { # ERROR: Invalid virtual_server name
  address = "192.168.24.52:81"
  real_server "" { address = "192.168.17.102:80" } # ERROR: Invalid real_server name
}

sysctl {}
sysctl {} # ERROR: Duplicate sysctl block

on_stop = "keep"

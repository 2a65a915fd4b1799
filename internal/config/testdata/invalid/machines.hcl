director "a" {
  addresses = ["192.168.17.103", "2001:db8::103"]
  priority  = 150
}

director "b" {
  address  = "192.168.17.104"
  priority = 100
}

vrrp "front" {
  virtual_router_id = 51
  interface         = "eth0"
  virtual_address "192.168.24.52/24" {}
  virtual_address "192.168.17.104/24" {} # ERROR: Virtual address of a machine
}

virtual_server "web" {
  address    = "192.168.24.52:80"
  forwarding = "dr"
  real_server "one" { address = "192.168.24.52:80" }  # ERROR: Server at a virtual address
  real_server "two" { address = "192.168.17.103:80" } # ERROR: Director as a dr server
  real_server "three" {
    address    = "192.168.17.103:81"
    forwarding = "nat"
  }
}

virtual_server "alone" {
  address = "192.168.30.1:80" # WARNING: Address without a router
  real_server "one" { address = "192.168.17.102:80" }
}

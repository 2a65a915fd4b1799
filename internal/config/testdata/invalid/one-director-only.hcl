director "a" {
  address  = "192.168.17.103"
  priority = 150
  vars     = { nic = "eth0", id = 51 }
}

director "b" {
  address = "192.168.17.104"
  vars    = { id = 300 }
}

vrrp "front" {
  virtual_router_id = self.vars.id  # ERROR: Invalid virtual_router_id
  interface         = self.vars.nic # ERROR: Unsupported attribute
  virtual_address "192.168.24.52/24" {}
}

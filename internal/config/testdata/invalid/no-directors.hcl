vrrp "front" {
  virtual_router_id = 51
  interface         = self.vars.nic # ERROR: Unknown self
  priority          = self.priority # ERROR: Unknown self
  virtual_address "192.168.24.52/24" {}
}

locals {
  a     = local.b # ERROR: Cycle in locals
  b     = local.c
  c     = local.a
  d     = local.d # ERROR: Cycle in locals
  after = local.a # unknown, and said already
  mine  = "${local.name}!"
  name  = self.name
  nic   = local.nicc # ERROR: Unknown local
  file  = file("absent.txt") # ERROR: Invalid function argument
  env   = env("LBHA_TEST_NOT_SET") # ERROR: Invalid function argument
  host  = cidrhost("192.168.17.0/24", 256) # ERROR: Invalid function argument
}

locals {
  nic = "eth0" # ERROR: Duplicate local
}

director "a" {
  address  = self.name # ERROR: Invalid use of self
  priority = 150
  vars     = { me = local.mine } # ERROR: Invalid use of self
}

vrrp "front" {
  virtual_router_id = local.after
  interface         = local.nic
  lease             = local # ERROR: Invalid reference
  virtual_address "192.168.24.52/24" {
    interface = self.vars.nic
  }
}

virtual_server "web" {
  address = "192.168.24.52:80"
  dynamic "real_server" {
    for_each = local.a
    labels   = [real_server.key]
    content { address = real_server.value }
  }
}

virtual_server "web2" {
  address = "192.168.24.53:80" # WARNING: Address without a router
  dynamic "real_server" {
    for_each = 5 # ERROR: Invalid dynamic for_each value
    labels   = [real_server.key]
    content { address = real_server.value }
  }
}

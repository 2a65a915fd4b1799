# Many mistakes in one file: what a person gets to see.
locals {
  inner = "192.168.17.0/24"
  nic   = local.nics.outer
}

director "server04" {
  adress   = "192.168.17.103"
  priority = 300
}

director "server05" {
  address = cidrhost(local.inner, 104)
  vars    = { id = 51 }
}

vrrp "frontend" {
  virtual_router_id      = self.vars.id
  interface              = local.nic
  advertisement_interval = "1.005s"
	lease = "1500ms" # the line begins with a tab
  virtual_address "192.168.24.52" {}
}

virtual_server "web" {
  address   = "192.168.24.52:80"
  scheduler = "wrrr"
  check "http" {
    interval = "500ms"
  }
  real_server "server01" {
    address = "192.168.17.102:80"
    weight  = 70000
  }
  real_server "server01" {
    address = "[2001:db8::101]:80"
  }
  real_server "server03" { address = server03 }
}

metrics {
  listen = "127.0.0.1:9650"
}

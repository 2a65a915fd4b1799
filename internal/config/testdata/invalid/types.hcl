director "a" {
  address  = 5       # ERROR: Invalid address
  priority = "high"  # ERROR: Invalid priority
  vars     = "eth0"  # ERROR: Invalid vars
}

director "b" {
  addresses = "192.168.17.104" # ERROR: Invalid addresses
  priority  = true             # ERROR: Invalid priority
}

vrrp "front" {
  virtual_router_id      = "51"   # ERROR: Invalid virtual_router_id
  interface              = ["e0"] # ERROR: Invalid interface
  advertisement_interval = 1      # ERROR: Invalid advertisement_interval
  preempt                = "true" # ERROR: Invalid preempt
  lease                  = true   # ERROR: Invalid lease
  virtual_address "192.168.24.52/24" {}
  announce {
    count   = 2.5    # ERROR: Invalid count
    refresh = "60"   # ERROR: Invalid refresh
  }
}

virtual_server "web" {
  address   = 80 # ERROR: Invalid address
  scheduler = rr # ERROR: Unknown variable
  check "http" {
    interval = null
    timeout  = "1 s" # ERROR: Invalid timeout
    path     = 1     # ERROR: Invalid path
    status   = true  # ERROR: Invalid status
  }
  real_server "one" {
    address = "192.168.17.102:80"
    weight  = "7" # ERROR: Invalid weight
  }
}

sysctl {
  manage = 1 # ERROR: Invalid manage
}

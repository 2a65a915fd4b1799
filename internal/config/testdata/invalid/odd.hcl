# What is seldom written.
locals {
  pick  = local["nic"]
  every = local.*     # ERROR: Invalid reference
  nic   = "eth0"
  none  = local.other # ERROR: Unknown local
}

director "a" {
  addresses = ["192.168.17.103", 5] # ERROR: Invalid addresses
  priority  = 150
}

director "b" {
  addresses = ["192.168.17.x"] # ERROR: Invalid addresses
}

director "c" {
  address  = "192.168.17.105:80" # ERROR: Invalid address
  vars     = local.none
  priority = 90
}

vrrp "front" {
  virtual_router_id = 51
  interface         = local.pick
  lease             = "soon" # ERROR: Invalid lease
  virtual_address "a b" { # ERROR: Invalid virtual_address name
    address = "192.168.24.53/24"
  }
}

vrrp "misspelt" {
  virtual_router_id = 52
  interface         = "eth0"
  virtual_adress "192.168.25.52/24" {} # ERROR: Unsupported block type
}

vrrp "two mistakes" { # ERROR: Missing virtual_address # ERROR: Invalid vrrp name
  virtual_router_id = 53
  interface         = "eth0"
  virtual_mac       = true # ERROR: Unsupported argument
}

virtual_server "web" {
  address = "255.255.255.255:80" # ERROR: Invalid address
  check "http" {
    status = [] # ERROR: Invalid status
  }
  check "http" {
    path   = "/2"
    status = [null] # ERROR: Invalid status
  }
  check "http" {
    path   = "/3"
    status = "all" # ERROR: Invalid status
  }
  check "http" {
    path   = "/4"
    status = 200.5 # ERROR: Invalid status
  }
  check "tcp" { port = 1 }
  check "tcp" { port = 2 }
  check "tcp" { port = 3 }
  check "tcp" { port = 4 }
  check "tcp" { port = 5 }
  check "tcp" { port = 6 }
  check "tcp" { port = 7 }
  check "tcp" { port = 8 }
  check "tcp" { port = 9 }
  check "tcp" { port = 10 }
  check "tcp" { port = 11 }
  check "tcp" { port = 12 }
  check "tcp" { port = 13 }
  check "tcp" { port = 14 }
  check "tcp" { port = 15 }
  check "tcp" { port = 16 }
  check "tcp" { port = 17 }
  check "tcp" { port = 18 }
  check "tcp" { port = 19 }
  check "tcp" { port = 20 }
  check "tcp" { port = 21 }
  check "tcp" { port = 22 }
  check "tcp" { port = 23 }
  check "tcp" { port = 24 }
  check "tcp" { port = 25 }
  check "tcp" { port = 26 }
  check "tcp" { port = 27 }
  check "tcp" { port = 28 }
  check "tcp" { port = 29 } # ERROR: Too many checks
  real_server "one" { address = "192.168.17.102:80" }
}

control {
  socket = "/run/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" # ERROR: Invalid socket
  group  = "" # root alone
}

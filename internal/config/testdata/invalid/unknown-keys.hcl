director "a" {
  adress = "192.168.17.103" # ERROR: Unsupported argument
}

vrrp "front" {
  virtual_router_id = 51
  interface         = "eth0"
  transport         = "unicast" # ERROR: Unsupported argument
  announce          = 5         # ERROR: Unsupported argument
  virtual_adress "192.168.24.52/24" {} # ERROR: Unsupported block type
  track_interface "eth1" {}            # ERROR: Unsupported block type
}

virtual_server "web" {
  address = "192.168.24.52:80"
  quorum  = 2 # ERROR: Unsupported argument
  check "tcp" {
    path = "/" # ERROR: Unsupported argument
  }
  dynamic "real_server" {
    foreach = { a = 1 } # ERROR: Unsupported argument
    labels  = [real_server.key]
    content {}
  }
  dynamic "real_server" { # ERROR: Missing required argument
    labels = [real_server.key]
    content {}
  }
  dynamic "fallback_server" { # ERROR: Unsupported block type
    for_each = { a = 1 }
    labels   = [fallback_server.key]
    content {}
  }
}

metrics { # ERROR: Unsupported block type
  listen = "127.0.0.1:9650"
}

onstop = "keep" # ERROR: Unsupported argument

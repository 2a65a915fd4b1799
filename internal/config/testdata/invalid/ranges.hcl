director "a" {
  address  = "192.168.17.103"
  priority = 256 # ERROR: Invalid priority
}

director "b" {
  address  = "192.168.17.104"
  priority = 0 # ERROR: Invalid priority
}

vrrp "front" {
  virtual_router_id      = 999     # ERROR: Invalid virtual_router_id
  interface              = "averyveryverylonginterface" # ERROR: Invalid interface
  version                = 2       # ERROR: Invalid version
  advertisement_interval = "9ms"   # ERROR: Invalid advertisement_interval
  checksum               = "rfc"   # ERROR: Invalid checksum
  lease                  = "1.5s"  # ERROR: Invalid lease
  virtual_address "192.168.24.52/24" {}
  announce {
    count    = 0    # ERROR: Invalid count
    interval = "2m" # ERROR: Invalid interval
    refresh  = "0.5s" # ERROR: Invalid refresh
  }
}

vrrp "back" {
  virtual_router_id      = 51.5     # ERROR: Invalid virtual_router_id
  interface              = "eth1"
  priority               = 1e100    # ERROR: Invalid priority
  advertisement_interval = "40.96s" # ERROR: Invalid advertisement_interval
  virtual_address "192.168.25.52/24" {}
}

vrrp "third" {
  virtual_router_id      = 53
  interface              = "eth/0"  # ERROR: Invalid interface
  advertisement_interval = "1005ms" # ERROR: Invalid advertisement_interval
  virtual_address "192.168.26.52/24" {}
}

vrrp "fourth" {
  virtual_router_id      = 54
  interface              = "eth0"
  advertisement_interval = "5s"
  lease                  = "5s" # ERROR: Invalid lease
  virtual_address "192.168.27.52/24" {}
}

virtual_server "web" {
  address    = "192.168.24.52:80"
  protocol   = "sctp"   # ERROR: Invalid protocol
  scheduler  = "wrrr"   # ERROR: Invalid scheduler
  forwarding = "tun"    # ERROR: Invalid forwarding
  on_failure = "ignore" # ERROR: Invalid on_failure
  require    = "one"    # ERROR: Invalid require
  check "http" {
    interval = "1ms"       # ERROR: Invalid interval
    rise     = 0           # ERROR: Invalid rise
    fall     = 1001        # ERROR: Invalid fall
    port     = 65536       # ERROR: Invalid port
    source   = "localhost" # ERROR: Invalid source
    path     = "healthz"   # ERROR: Invalid path
    method   = "POST"      # ERROR: Invalid method
    host     = "a b"       # ERROR: Invalid host
    status   = "299-200"   # ERROR: Invalid status
  }
  check "ftp" {} # ERROR: Unknown check
  real_server "one" {
    address = "192.168.17.102:80"
    weight  = 70000 # ERROR: Invalid weight
  }
  real_server "two" {
    address = "192.168.17.101:80"
    weight  = -1 # ERROR: Invalid weight
  }
}

on_stop = "flush" # ERROR: Invalid on_stop

control {
  socket = "lbha.sock" # ERROR: Invalid socket
}

log {
  level  = "trace" # ERROR: Invalid level
  format = "xml"   # ERROR: Invalid format
}

director "a" { # ERROR: Missing address
  priority = 150
}

vrrp "front" { # ERROR: Missing interface # ERROR: Missing virtual_address # ERROR: Missing virtual_router_id
}

vrrp { # ERROR: Missing name for vrrp
  virtual_router_id = 51
}

virtual_server "web" { # ERROR: Missing address
  real_server "one" {} # ERROR: Missing address
}

virtual_server "empty" { # WARNING: No real_server
  address = "192.168.24.52:443"
}

sysctl "net" {} # ERROR: Extraneous label for sysctl

director "a" {
  address  = "server04" # ERROR: Invalid address
  priority = 150
}

director "b" {
  addresses = ["192.168.17.104", "192.168.18.104"] # ERROR: Invalid addresses
}

director "c" {
  address   = "192.168.17.105"
  addresses = ["192.168.17.105"] # ERROR: Invalid addresses
  priority  = 90
}

director "d" {
  address  = "192.168.17.106/24" # ERROR: Invalid address
  priority = 80
}

director "e" {
  addresses = [] # ERROR: Invalid addresses
  priority  = 70
}

vrrp "front" {
  virtual_router_id = 51
  interface         = "eth0"
  virtual_address "192.168.24.52" {}    # ERROR: Invalid virtual_address
  virtual_address "192.168.24.0/24" {}  # ERROR: Invalid virtual_address
  virtual_address "192.168.24.255/24" {} # ERROR: Invalid virtual_address
  virtual_address "2001:db8::52/64" {}  # ERROR: Invalid virtual_address
  virtual_address "224.0.0.18/24" {}    # ERROR: Invalid virtual_address
  virtual_address "outer" {}            # ERROR: Invalid virtual_address
  virtual_address "192.168.24.52/0" {}  # ERROR: Invalid virtual_address
  virtual_address "named" {
    address = "192.168.24.53" # ERROR: Invalid address
  }
}

virtual_server "web" {
  address = "192.168.24.52" # ERROR: Invalid address
  real_server "one" {
    address = "192.168.17.102" # ERROR: Invalid address
  }
  real_server "two" {
    address = "192.168.17.101:0" # ERROR: Invalid address
  }
  real_server "three" {
    address = "2001:db8::1:80" # ERROR: Invalid address
  }
  real_server "four" {
    address = "[::ffff:192.168.17.101]:80" # ERROR: Invalid address
  }
  real_server "five" {
    address = "0.0.0.0:80" # ERROR: Invalid address
  }
  real_server "six" {
    address = "[fe80::1%eth0]:80" # ERROR: Invalid address
  }
}

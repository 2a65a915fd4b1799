locals {
  pool = { one = { host = 102, weight = 70000 }, two = { host = 300, weight = 1 } }
}

virtual_server "web" {
  address = "192.168.24.52:80"
  dynamic "real_server" {
    for_each = local.pool
    labels   = [real_server.key]
    content {
      address = "192.168.17.${real_server.value.host}:80" # ERROR: Invalid address
      weight  = real_server.value.weight # ERROR: Invalid weight
      wait    = 1 # ERROR: Unsupported argument
    }
  }
}

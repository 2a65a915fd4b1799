# Everything the language has, beside plain values.
locals {
  web   = { for name, host in local.hosts : name => cidrhost(local.inner, host) }
  inner = format("%s/%d", local.net, 24)
  hosts = { server01 = 102, server03 = 101 }
  who   = upper(local.me)
  me    = self.name
  nic   = local.who == "A" ? self.vars.nic : lookup(self.vars, "nic", "ens3")
}

locals {
  net     = "192.168.17.0"
  ids     = { for i in range(2) : "vlan${i}" => i }
  timeout = env("LBHA_TEST_NOT_SET", "1s")
  page    = chomp(file("page.txt"))
}

dynamic "director" {
  for_each = { a = 103, b = 104 }
  labels   = [director.key]
  content {
    addresses = [cidrhost(local.inner, director.value), "2001:db8::${director.value}"]
    priority  = director.key == "a" ? 150 : 100
    vars      = director.key == "a" ? { nic = "eth0" } : {}
  }
}

dynamic "vrrp" {
  for_each = local.ids
  iterator = net
  labels   = [net.key]
  content {
    virtual_router_id = 50 + net.value
    interface         = local.nic
    priority          = min(self.priority + 1, 254)
    dynamic "virtual_address" {
      for_each = [52, 53]
      labels   = ["192.168.${24 + net.value}.${virtual_address.value}/24"]
      content {
        interface = try(self.vars.inner, "eth1")
      }
    }
    dynamic "announce" {
      for_each = self.name == "a" ? [1] : []
      content { count = 3 }
    }
  }
}

virtual_server "web" {
  address = "192.168.24.52:80"
  dynamic "check" {
    for_each = ["/", local.page]
    labels   = ["http"]
    content {
      path    = check.value
      source  = self.address
      timeout = local.timeout
    }
  }
  dynamic "real_server" {
    for_each = local.web
    labels   = [real_server.key]
    content {
      address = "${real_server.value}:80"
      check "tcp" {
        port = 8000 + local.hosts[real_server.key]
      }
    }
  }
}

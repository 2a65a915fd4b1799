virtual_server "web" {
  address = "192.168.24.52:80"
  check "tcp" {
    interval = "1s"
    timeout  = "2s" # ERROR: Invalid timeout
  }
  check "http" {
    interval = "500ms" # ERROR: Invalid timeout
  }
  check "http" {
    path          = "/two"
    fast_interval = "3s" # ERROR: Invalid fast_interval
  }
  real_server "one" { address = "192.168.17.102:80" }
}

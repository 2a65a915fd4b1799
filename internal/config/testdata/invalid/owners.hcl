director "a" {
  address  = "192.168.17.103"
  priority = 255
}

director "b" {
  address  = "192.168.17.104"
  priority = 255 # ERROR: Two address owners
}

director "c" {
  address = "192.168.17.105"
}

director "d" {
  address  = "192.168.17.106"
  priority = 100 # WARNING: Equal priorities
}

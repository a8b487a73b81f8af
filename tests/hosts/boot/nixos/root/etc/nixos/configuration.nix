{ config, pkgs, ... }:
{
  boot.loader.systemd-boot.enable = true;
}

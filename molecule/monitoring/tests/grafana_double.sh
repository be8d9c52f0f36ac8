# A package with the folders of Grafana's and a unit of its name, which listens where its environment says, as a source of apt.
# Grafana itself is in no archive that the tests reach.
set -e
folder=/srv/grafana/package
mkdir -p $folder/DEBIAN $folder/usr/share/grafana $folder/lib/systemd/system
mkdir -p $folder/etc/grafana/provisioning/datasources $folder/etc/grafana/provisioning/dashboards
cat >$folder/DEBIAN/control <<'END'
Package: grafana
Version: 99
Architecture: all
Maintainer: Tests <tests@example.org>
Description: A double of Grafana
END
cat >$folder/lib/systemd/system/grafana-server.service <<'END'
[Service]
ExecStart=/usr/share/grafana/server
[Install]
WantedBy=multi-user.target
END
cat >$folder/DEBIAN/prerm <<'END'
#!/bin/sh
systemctl stop grafana-server
END
cat >$folder/usr/share/grafana/server <<'END'
#!/usr/bin/python3
import http.server, os
os.makedirs("/run/grafana/api", exist_ok=True)
os.chdir("/run/grafana")
open("api/health", "w").close()
address = os.environ["GF_SERVER_HTTP_ADDR"], int(os.environ["GF_SERVER_HTTP_PORT"])
http.server.ThreadingHTTPServer(address, http.server.SimpleHTTPRequestHandler).serve_forever()
END
chmod 755 $folder $folder/DEBIAN $folder/DEBIAN/prerm $folder/usr/share/grafana/server
cd /srv/grafana
dpkg-deb --build package grafana_99_all.deb >/dev/null
{
  dpkg-deb --field grafana_99_all.deb
  echo "Filename: ./grafana_99_all.deb"
  echo "Size: $(stat --format %s grafana_99_all.deb)"
  echo "SHA256: $(sha256sum grafana_99_all.deb | cut -d' ' -f1)"
} >Packages
echo 'deb [trusted=yes] file:/srv/grafana ./' >/etc/apt/sources.list.d/grafana.list
apt-get update -qq

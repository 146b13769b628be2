# SPDX-License-Identifier: Apache-2.0
"""A broker that cannot be reached: the program's log says why, once, and when it is over."""
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from house import House, can_connect, door_site, until  # noqa: E402


class Guarded(House):
    """The broker wants a user and a password."""

    def start_broker(self):
        users, conf = self.dir / "users", self.dir / "mosquitto.conf"
        users.write_text("sekisho:s3cret-9\n")
        subprocess.run([shutil.which("mosquitto_passwd"), "-U", users], check=True, capture_output=True)
        conf.write_text(f"listener {self.mqtt_port} 127.0.0.1\nallow_anonymous false\npassword_file {users}\nuser root\n")
        self.start("mosquitto", shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", conf)
        until("mosquitto listens", lambda: self.alive("mosquitto") and can_connect(self.mqtt_port))

    def await_subscriptions(self):
        """There are none: the broker refuses."""


def main(build):
    site = door_site()
    link = next(link for link in site["links"] if link["protocol"] == "mqtt")
    house = Guarded(build, site, with_dashboard=False)
    secret = house.dir / "secret"
    link.update(user="sekisho", password_file=str(secret))
    secret.write_text("wrong\n")
    secret.chmod(0o600)
    with house:
        def said(text):
            return until(text, lambda: [line for line in (house.dir / "collector.log").read_text().splitlines() if text in line])
        said("the broker refuses: not authorised, or the password is wrong")
        secret.write_text("s3cret-9\n")
        said("link 'broker': connected again")
        log = (house.dir / "collector.log").read_text()
        assert log.count("not authorised") <= 2, "once per session, not at each attempt"
        assert "s3cret-9" not in log, "no secret in the log"


if __name__ == "__main__":
    main(sys.argv[1])
    print("ok")

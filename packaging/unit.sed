# SPDX-License-Identifier: MIT
# The unit as the package has it: its account is there for as long as the package is, and its flags
# are in a file.
s|^DynamicUser=yes|User=teller|
s|^Environment=.*|EnvironmentFile=/etc/teller/teller.conf|
s|Its account exists while it runs|It runs as the account teller, which owns|
/^# (for the names of such/d
/^# \/var\/lib\/teller: the private/s|.*|# /var/lib/teller: the private database and admin.token.|
s|^# To change flags: .*|# Its flags are in /etc/teller/teller.conf.|

# SPDX-License-Identifier: MIT
# listener.py URL TOKEN: reads the events of the ledger main until it is stopped.
import sys

from teller import Teller

for entry in Teller(*sys.argv[1:]).events('main'):
    print(entry['seq'])

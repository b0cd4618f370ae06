# SPDX-License-Identifier: MIT
# payer.py URL TOKEN FILE COUNT: pays one cent to alice, COUNT times in all, however often it is
# killed: each key is in FILE, on the disk, before its payment is sent; "done" follows the answer.
import os
import sys

from teller import Teller

url, token, path, count = sys.argv[1:]
with open(path, 'a+', encoding='ascii') as file:
    file.seek(0)
    words = file.read().split()
    bank = Teller(url, token, timeout=5)

    def write(word: str) -> None:
        file.write(word + '\n')
        file.flush()
        os.fsync(file.fileno())

    while len(words) < 2 * int(count):
        if len(words) % 2 == 0:
            words.append(f'{os.path.basename(path)}-{len(words) // 2}')
            write(words[-1])
        bank.deposit('main', 'alice', {'amount': 1}, key=words[-1])
        words.append('done')
        write('done')

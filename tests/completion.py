# SPDX-License-Identifier: MIT
"""completion.py FOLDER SHELL LINE: what the shell has of a line after a Tab at its end, with the
scripts of FOLDER (tools/completion/build), at a terminal of its own."""

import os
import pty
import re
import select
import sys
import time

PATIENCE_S = 60

# Ctrl-T tells the line as it is.
BASH = """PS1= PS2=; bind 'set enable-bracketed-paste off'
source {folder}/bash/teller
tell() {{ printf '<<%s>>\\n' "$READLINE_LINE"; }}
bind -x '"\\C-t": tell'
echo be''gun
"""
ZSH = """PS1= RPS1=; unsetopt zle_bracketed_paste prompt_cr prompt_sp; fpath=({folder}/zsh $fpath)
autoload -Uz compinit; compinit -u -D
tell() {{ zle -I; print -r -- "<<$BUFFER>>" }}
zle -N tell; bindkey '^T' tell
echo be''gun
"""
SHELLS = {'bash': (['bash', '--norc', '--noprofile', '-i'], BASH), 'zsh': (['zsh', '-f', '-i'], ZSH)}


def read_until(terminal, mark, again=None):
    """All that comes until it has the mark; `again` is sent each second."""
    said = ''
    end = time.monotonic() + PATIENCE_S
    while not re.search(mark, said) and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            try:
                said += os.read(terminal, 4096).decode(errors='replace')
            except OSError:
                break
        elif again:
            os.write(terminal, again)
    return said


def main(folder, shell, line):
    words, script = SHELLS[shell]
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM='dumb', HISTFILE='/dev/null')
        os.execvp(words[0], words)
    os.write(terminal, script.format(folder=os.path.abspath(folder)).encode())
    read_until(terminal, 'begun')
    os.write(terminal, line.encode() + b'\t')
    said = read_until(terminal, '<<.*>>', again=b'\x14')
    os.close(terminal)
    os.waitpid(child, 0)
    found = re.search('<<(.*?)>>', said)
    print(found.group(1) if found else f'nothing told: {said!r}')


main(*sys.argv[1:])

# SPDX-License-Identifier: MIT
"""Coroutines in gdb, of a process or a core file. Load it by

    gdb -x coro-gdb.py PROGRAM        or, in gdb, source coro-gdb.py

    info coroutines [TEXT]    all of them, or those whose line holds the text
    coroutine N bt            the calls in which number N is; any command of gdb may stand for bt
    coroutine all bt          the same for each

Nothing in the process is changed: the registers that a parked coroutine has saved on its stack are
shown to gdb as those of the caller of the selected thread's innermost frame.
"""

import gdb
from gdb.unwinder import Unwinder

STATES = ["free", "not started", "ready", "running", "waiting"]
FREE, FRESH, READY, RUNNING, WAITING = range(5)
NONE = 0xFFFFFFFF

# Where co_switch_stack() leaves registers, in words above the saved stack pointer; how many words the
# whole frame has; which of them is the address to go on at.
FRAMES = {
    "x86-64": (["r15", "r14", "r13", "r12", "rbx", "rbp"], 7, 6, "rip", "rsp"),
    "aarch64": (["x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30"],
                20, 11, "pc", "sp"),
}


def runtime():
    value = gdb.parse_and_eval("co_runtime")
    if int(value["workers"]) == 0:
        raise gdb.GdbError("The runtime does not run.")
    return value


class Coroutine:
    def __init__(self, value, whole):
        self.value = value
        self.state = int(value["state"])
        self.number = int(value["id"])
        self.stack = int(value["stack"])
        self.sp = int(value["strand"]["sp"])
        self.whole = whole

    def site(self):
        site = self.value["site"]
        return site.dereference()

    def name(self):
        return self.site()["name"].string()

    def spawned(self):
        return "%s:%d" % (self.site()["file"].string(), int(self.site()["line"]))

    def worker(self):
        size = self.whole["workers"].dereference().type.sizeof
        return (int(self.value["worker"]) - int(self.whole["workers"])) // size

    def says(self):
        text = STATES[self.state]
        if self.state == WAITING and int(self.value["why"]):
            text += " on " + self.value["why"].string()
        return text

    def holds(self, address):
        """The address is on its stack."""
        if self.stack == NONE:
            return False
        size = int(self.whole["stacks"]["slot_size"])
        bottom = int(self.whole["stacks"]["base"]) + self.stack * size
        return bottom <= address < bottom + size

    def line(self):
        return "%6d  %-20s %-28s worker %d  spawned at %s" % (
            self.number, self.name(), self.says(), self.worker(), self.spawned())


def coroutines():
    whole = runtime()
    for i in range(int(whole["cos_pool"]["used"])):
        value = whole["cos"][i]
        if int(value["state"]) != FREE:
            yield Coroutine(value, whole)


class Parked(Unwinder):
    """While `coroutine` is set, the innermost frame was called by that one."""

    def __init__(self):
        super().__init__("coroutine")
        self.coroutine = None

    def __call__(self, pending):
        if self.coroutine is None or pending.level() != 0:
            return None
        names, words, back, pc, sp = FRAMES[arch()]
        at = self.coroutine.sp
        word = gdb.lookup_type("unsigned long")

        class Id:
            pass

        frame = Id()
        frame.sp = gdb.Value(at - 128)
        frame.pc = pending.read_register(pc)
        info = pending.create_unwind_info(frame)
        saved = gdb.Value(at).cast(word.pointer())
        for i, name in enumerate(names):
            info.add_saved_register(name, saved[i].cast(word))
        info.add_saved_register(pc, saved[back].cast(word))
        info.add_saved_register(sp, gdb.Value(at + 8 * words).cast(word))
        return info


PARKED = Parked()
gdb.unwinder.register_unwinder(None, PARKED, replace=True)


def arch():
    name = gdb.selected_inferior().architecture().name()
    return "aarch64" if name.startswith("aarch64") else "x86-64"


def run_parked(coroutine, command):
    """The command in the frames of one that has left its stack. The first line of a backtrace is the
    selected thread's own frame, which is none of them."""
    PARKED.coroutine = coroutine
    gdb.invalidate_cached_frames()
    try:
        gdb.execute("select-frame 1")
        text = gdb.execute(command, to_string=True)
    finally:
        PARKED.coroutine = None
        gdb.invalidate_cached_frames()
    lines = text.splitlines()
    while lines and lines[0].startswith("#0 "):
        lines.pop(0)
    return "\n".join(lines)


def thread_of(coroutine):
    """The thread that runs it: its stack pointer is on the coroutine's stack."""
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        for register in ("$sp",):
            if coroutine.holds(int(gdb.parse_and_eval("(unsigned long) " + register))):
                return thread
    return None


def run_in(coroutine, command):
    if coroutine.stack == NONE:
        return "It has not started."
    before = gdb.selected_thread()
    try:
        if coroutine.state == RUNNING and thread_of(coroutine):
            return gdb.execute(command, to_string=True).rstrip("\n")
        before.switch()
        return run_parked(coroutine, command)
    finally:
        before.switch()


class InfoCoroutines(gdb.Command):
    """List the coroutines: number, name, state, worker, where spawned. With TEXT: whose line has it."""

    def __init__(self):
        super().__init__("info coroutines", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        shown = 0
        for coroutine in coroutines():
            line = coroutine.line()
            if argument in line:
                shown += 1
                gdb.write(line + "\n")
        gdb.write("%d coroutines\n" % shown)


class CoroutineCommand(gdb.Command):
    """coroutine N|all COMMAND: run a command of gdb, such as bt, in a coroutine."""

    def __init__(self):
        super().__init__("coroutine", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        which, _, command = argument.strip().partition(" ")
        if not which or (which != "all" and not which.isdigit()):
            raise gdb.GdbError("coroutine N|all COMMAND")
        chosen = [one for one in coroutines() if which == "all" or one.number == int(which)]
        if not chosen and which != "all":
            raise gdb.GdbError("There is no coroutine %s." % which)
        for coroutine in chosen:
            gdb.write(coroutine.line() + "\n")
            gdb.write(run_in(coroutine, command.strip() or "bt") + "\n")


InfoCoroutines()
CoroutineCommand()

#!/usr/bin/python3
"""Reads event logs with python-evtx and libevtx (Debian: python3-evtx,
python3-libevtx) and writes one JSON line per record: file, reader, offset, id,
and xml or error. `go run . conformance -peers` compares them with ours.

Usage: peers.py DIR >peers.jsonl      zip members are read as well
"""
import json, os, signal, sys, tempfile, zipfile

import Evtx.Evtx
import pyevtx


def emit(**line):
    print(json.dumps(line))


def libevtx(name, path):
    f = pyevtx.file()
    try:
        f.open(path)
        count = f.get_number_of_records()
    except Exception as e:
        emit(file=name, reader="libevtx", error=str(e)[:200])
        return
    for i in range(count):
        line = dict(file=name, reader="libevtx")
        try:
            r = f.get_record(i)  # one at a time: it mixes up records that are held together
            line.update(offset=r.offset, id=r.identifier)
            line["xml"] = r.get_xml_string()
        except Exception as e:
            line["error"] = str(e)[:200]
        emit(**line)


def python_evtx(name, path):
    try:
        with Evtx.Evtx.Evtx(path) as f:
            for chunk in f.chunks():
                for r in chunk.records():
                    line = dict(file=name, reader="python-evtx", offset=r.offset(), id=r.record_num())
                    try:
                        line["xml"] = r.xml()
                    except Exception as e:
                        line["error"] = repr(e)[:200]
                    emit(**line)
    except Exception as e:
        emit(file=name, reader="python-evtx", error=repr(e)[:200])


def read(name, path):
    for reader in libevtx, python_evtx:
        sys.stdout.flush()
        pid = os.fork()  # libevtx can crash
        if pid == 0:
            signal.alarm(300)
            reader(name, path)
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            emit(file=name, reader=reader.__name__.replace("_", "-"), error="killed by signal %d" % os.WTERMSIG(status))


for top in sys.argv[1:]:
    for folder, dirs, files in os.walk(top):
        dirs.sort()
        for file in sorted(files):
            path = os.path.join(folder, file)
            name = os.path.relpath(path, top)
            if file.lower().endswith(".evtx"):
                read(name, path)
            elif file.lower().endswith(".zip"):
                with zipfile.ZipFile(path) as z, tempfile.TemporaryDirectory() as tmp:
                    for member in sorted(z.namelist()):
                        if member.lower().endswith(".evtx"):
                            copy = os.path.join(tmp, "x.evtx")
                            with open(copy, "wb") as out:
                                out.write(z.read(member))
                            read(name + "/" + member.replace("\\", "/"), copy)

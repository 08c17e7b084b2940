"""Runs "openstack" commands in one process, for most of such a command's time is its start.

Each line of standard input is a JSON list of arguments; each is answered by a line of JSON on
standard output: status, out, err. What runs is the entry point of the command itself.
"""
import contextlib
import io
import json
import logging
import sys

from openstackclient import shell

answers = sys.stdout
for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    # Each run adds handlers that hold the standard error of its time.
    logging.getLogger().handlers.clear()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = shell.main(json.loads(line))
        except SystemExit as end:
            status = end.code
    answer = {'status': status or 0, 'out': out.getvalue(), 'err': err.getvalue()}
    print(json.dumps(answer), file=answers, flush=True)

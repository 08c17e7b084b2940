"""Makes a Python library usable without installing it: library.py SOURCE PACKAGE FOLDER NAME VERSION.

Copies the package into FOLDER, and tells importlib.metadata its version and its entry points, by which
the "openstack" command finds it.
"""
import configparser
import pathlib
import shutil
import sys

source, package, folder, name, version = sys.argv[1:]
shutil.copytree(f'{source}/{package}', f'{folder}/{package}')
info = pathlib.Path(folder, f'{name.replace("-", "_")}-{version}.dist-info')
info.mkdir()
(info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n')
setup = configparser.ConfigParser(interpolation=None, delimiters='=')
setup.read(f'{source}/setup.cfg')
groups = setup['entry_points'] if setup.has_section('entry_points') else {}
text = '\n'.join(f'[{group}]\n{points.strip()}' for group, points in groups.items())
(info / 'entry_points.txt').write_text(f'{text}\n')

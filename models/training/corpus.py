"""Collects permissively licensed source files from package archives into training, validation and held-out files.

    python corpus.py fetch ARCHIVES                      downloads the packages of packages/*.txt
    python corpus.py build ARCHIVES OUT --humaneval F    reads them and writes OUT/{train,valid,held-out}.jsonl

Every line of the output is {"language", "package", "path", "licence", "content"}. A file is left out if its
package's licence is not permissive, if it does not look like code that somebody wrote by hand, if the same file
(white space aside) was seen before, or if it shares a run of ten words with a task of HumanEval.
"""
import argparse
import collections
import fnmatch
import gzip
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
PIP = [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps']
# Never trained on: what a completion is worth in unseen code is measured on these.
HELD_OUT = {'tornado', 'networkx', 'marshmallow', 'dulwich', 'bottle', 'jsonschema', 'celery', 'peewee',
            'librust-smallvec-dev', 'librust-semver-dev', 'golang-github-spf13-pflag-dev',
            'golang-github-google-btree-dev', 'libcli11-dev', 'ruby-thor', 'ruby-addressable',
            'php-league-commonmark', 'php-guzzlehttp-psr7', 'joi', 'nodemailer', 'tanstack-table-core',
            'tanstack-form-core', 'react-native-svg', 'react-native-camera'}
LANGUAGES = {'.py': 'python', '.js': 'javascript', '.mjs': 'javascript', '.jsx': 'javascript', '.ts': 'typescript',
             '.tsx': 'typescript', '.go': 'go', '.rs': 'rust', '.cpp': 'cpp', '.cc': 'cpp', '.hpp': 'cpp', '.h': 'cpp',
             '.rb': 'ruby', '.php': 'php', '.java': 'java'}
BUILT_FOLDERS = {'node_modules', 'umd', 'cjs', 'dist-cjs', 'bundles', '__tests__', 'idlelib', 'vendor', '_vendor'}
PACKAGE_LIMIT = 3_000_000   # characters taken from one package
LANGUAGE_LIMIT = 16_000_000 # characters taken of one language other than Python
VALIDATION_SHARE = 0.015

COPYLEFT = re.compile(r'\b(A?GPL|LGPL|MPL|EPL|CDDL|EUPL|CeCILL|OSL|CC-BY-SA|CC-BY-NC)|GNU |Mozilla|copyleft|'
                      r'proprietary|non-?commercial', re.I)
PERMISSIVE = re.compile(r'\b(MIT|Expat|BSD|0BSD|Apache|PSF|Python Software|ISC|ZPL|HPND|Zlib|Unlicense|CC0|BSL|'
                        r'Boost|public.domain)|Permission is hereby granted, free of charge|'
                        r'Redistribution and use in source and binary forms', re.I)


def permissive(licence):
    """Whether a licence, or one that a short text offers as a choice ("A or B"), is permissive and not copyleft."""
    choices = re.split(r'\bor\b', licence, flags=re.I) if len(licence) < 120 else [licence]
    return any(PERMISSIVE.search(choice) and not COPYLEFT.search(choice) for choice in choices)


# --- archives ---

def _deb_members(path):
    process = subprocess.Popen(['dpkg-deb', '--fsys-tarfile', path], stdout=subprocess.PIPE)
    with process, tarfile.open(fileobj=process.stdout, mode='r|') as archive:
        yield from _tar_members(archive)


def _tar_members(archive):
    for member in archive:
        if member.isfile() and wanted(member.name):
            yield member.name, archive.extractfile(member).read()


def members(path):
    """Yields (path, bytes) of the source and licence files in a .deb, a wheel, a zip or a tar archive."""
    if path.endswith('.deb'):
        yield from _deb_members(path)
    elif path.endswith(('.whl', '.zip')):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if wanted(name):
                    yield name, archive.read(name)
    else:
        with tarfile.open(path) as archive:
            yield from _tar_members(archive)


def wanted(name):
    base = os.path.basename(name)
    return (os.path.splitext(name)[1] in LANGUAGES or base in ('copyright', 'METADATA', 'PKG-INFO', 'package.json')
            or base.upper().startswith(('LICENSE', 'LICENCE', 'COPYING')))


def package_name(path):
    """The package's name as its archive's file name tells it, without Debian's and npm's additions."""
    base = os.path.basename(path)
    name = base.split('_')[0] if path.endswith('.deb') else re.split(r'-v?\d', base)[0]
    return re.sub(r'^python3-', '', name).lower()


# --- licences ---

def package_licence(files):
    """The licence that a package declares for itself: (text, patterns of the files under another, copyleft one)."""
    for path, content in files.items():
        if os.path.basename(path) == 'copyright':
            return debian_licence(content.decode('utf-8', 'replace'))
    for path, content in sorted(files.items(), key=lambda item: item[0].count('/')):
        if os.path.basename(path) == 'package.json':
            declared = json.loads(content).get('license')
            return (declared if isinstance(declared, str) else ''), []
        if os.path.basename(path) in ('METADATA', 'PKG-INFO'):
            head = content.decode('utf-8', 'replace').split('\n\n')[0]
            lines = re.findall(r'^(?:License-Expression|License|Classifier: License ::)(?::| )(.*)', head, re.M)
            declared = ' '.join(lines).replace('UNKNOWN', '').replace('OSI Approved', '').strip(': ')
            if declared:
                return declared, []
    texts = [content.decode('utf-8', 'replace')[:2000] for path, content in files.items()
             if os.path.basename(path).upper().startswith(('LICEN', 'COPYING'))]
    return ' '.join(texts), []


def debian_licence(text):
    """Reads a Debian copyright file (DEP-5): the licence of `Files: *`, and patterns of files under copyleft."""
    main, excluded = None, []
    for paragraph in re.split(r'\n\s*\n', text):
        patterns = re.search(r'^Files:((?:.*\n)(?:[ \t].*\n)*)', paragraph + '\n', re.M)
        licence = re.search(r'^License:(.*)', paragraph, re.M)
        if not patterns or not licence:
            continue
        globs = patterns.group(1).split()
        if '*' in globs:
            main = licence.group(1).strip()
        elif not permissive(licence.group(1)):
            excluded += globs
    return (text if main is None else main), excluded


# --- files ---

def handwritten(text):
    """Whether a file's text looks like source that people write: lines of usual length, few digits, no generator."""
    if not 200 <= len(text) <= 200_000:
        return False
    lines = text.split('\n')
    if max(map(len, lines)) > 300 or len(text) / len(lines) > 80:
        return False
    start = text[:4000]
    if not 0.25 <= sum(map(str.isalnum, start)) / len(start) <= 0.92:
        return False
    if not text.isascii() and sum(ord(c) > 127 for c in text) > 0.02 * len(text):
        return False
    head = text[:800].lower()
    if any(mark in head for mark in ('generated by', 'autogenerated', 'auto-generated', 'do not edit', '@generated')):
        return False
    return sum(map(str.isdigit, text)) < 0.2 * len(text)


def words(text):
    return re.findall(r'\w+', text.lower())


def runs(text, length=10):
    """The hashes of all runs of `length` words in a text."""
    sequence = words(text)
    return {hash(tuple(sequence[i:i + length])) for i in range(len(sequence) - length + 1)}


def benchmark_runs(path):
    """Runs of ten words in the tasks of HumanEval (prompt and solution), from its .jsonl.gz file."""
    with gzip.open(path, 'rt', encoding='utf-8') as lines:
        tasks = [json.loads(line) for line in lines]
    return set().union(*(runs(task['prompt'] + task['canonical_solution']) for task in tasks))


class Collector:
    """Sorts files into `train`, `valid` and `held-out`, and counts what was left out and why."""

    def __init__(self, contaminated, seed=7):
        self.contaminated = contaminated
        self.random = random.Random(seed)
        self.seen = set()
        self.size = collections.Counter()
        self.count = collections.Counter()
        self.packages = collections.defaultdict(dict)
        self.rows = {'train': [], 'valid': [], 'held-out': []}

    def add(self, package, files, group=None):
        """Takes the source files of one package, {path: bytes}; `group` (the registry) is kept with every row."""
        licence, excluded = package_licence(files) if package != 'stdlib' else ('PSF-2.0', [])
        if not permissive(licence):
            self.count['package licence'] += 1
            return
        paths = sorted(path for path in files if os.path.splitext(path)[1] in LANGUAGES)
        self.random.shuffle(paths)
        size = 0
        for path in paths:
            if size > PACKAGE_LIMIT:
                break
            if any(fnmatch.fnmatch(path, '*/' + pattern.lstrip('./')) for pattern in excluded):
                self.count['file licence'] += 1
                continue
            size += self._add_file(package, path, files[path], ' '.join(licence.split())[:60], group)

    def _add_file(self, package, path, content, licence, group):
        """Takes one file if it is fit; returns the number of characters taken."""
        language = LANGUAGES[os.path.splitext(path)[1]]
        folders = set(path.split('/'))
        held = package in HELD_OUT
        if folders & BUILT_FOLDERS or path.endswith('.d.ts') or '.min.' in path or '.test.' in path:
            return 0
        if not held and {os.path.splitext(folder)[0] for folder in folders} & HELD_OUT:
            return 0
        if re.search(r'(^|[/_])tests?[/_.]', path) and self.random.random() < 0.7:
            return 0
        if language != 'python' and self.size[language] > LANGUAGE_LIMIT:
            return 0
        try:
            text = content.decode('utf-8').replace('\r\n', '\n')
        except UnicodeDecodeError:
            return 0
        if language == 'python':
            text = text.expandtabs(4)
        if not handwritten(text):
            self.count['not handwritten'] += 1
            return 0
        digest = hashlib.sha1(re.sub(r'\s+', '', text).encode()).digest()
        if digest in self.seen:
            self.count['duplicate'] += 1
            return 0
        self.seen.add(digest)
        if not self.contaminated.isdisjoint(runs(text)):
            self.count['contaminated'] += 1
            return 0
        part = 'held-out' if held else 'valid' if self.random.random() < VALIDATION_SHARE else 'train'
        self.rows[part].append({'language': language, 'package': package, 'group': group, 'path': path,
                                'licence': licence, 'content': text})
        if not held:
            self.size[language] += len(text)
        return len(text)

    def write(self, out):
        os.makedirs(out, exist_ok=True)
        statistics = {'left out': dict(self.count)}
        for part, rows in self.rows.items():
            self.random.shuffle(rows)
            with open(os.path.join(out, part + '.jsonl'), 'w', encoding='utf-8') as file:
                file.writelines(json.dumps(row) + '\n' for row in rows)
            by_language = collections.defaultdict(lambda: [0, 0])
            for row in rows:
                by_language[row['language']][0] += 1
                by_language[row['language']][1] += len(row['content'])
            statistics[part] = {'files and characters by language': by_language,
                                'packages': len({row['package'] for row in rows}),
                                'licences': collections.Counter(row['licence'] for row in rows).most_common(40)}
        with open(os.path.join(out, 'statistics.json'), 'w', encoding='utf-8') as file:
            json.dump(statistics, file, indent=1)
        return statistics


# --- commands ---

def package_list(name):
    """The package names in packages/NAME.txt; `#` starts a comment."""
    with open(os.path.join(HERE, 'packages', name + '.txt'), encoding='utf-8') as lines:
        return [name for name in (line.split('#')[0].strip() for line in lines) if name]


def fetch(archives):
    """Downloads every listed package that is not there yet, with each registry's own client."""
    clients = {'debian': ['apt-get', 'download'], 'npm': ['npm', 'pack', '--silent'],
               'pypi': PIP, 'pypi-more': PIP}
    for name, client in clients.items():
        folder = os.path.join(archives, name)
        os.makedirs(folder, exist_ok=True)
        for package in package_list(name):
            done = os.path.join(folder, '.' + package.replace('/', '+'))
            if os.path.exists(done):
                continue
            if subprocess.run(client + [package], cwd=folder, stdout=subprocess.DEVNULL).returncode == 0:
                open(done, 'w').close()
            else:
                print('not to be had:', name, package)


def standard_library():
    root = sysconfig.get_paths()['stdlib']
    files = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in ('site-packages', 'dist-packages', 'lib2to3', 'test')]
        for name in names:
            if name.endswith('.py'):
                path = os.path.join(folder, name)
                with open(path, 'rb') as file:
                    files[os.path.relpath(path, root)] = file.read()
    return files


def collect(archives, collector):
    """Reads all archives, the held-out packages first so that copies of their files elsewhere count as duplicates."""
    paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(archives) for name in names
                   if name.endswith(('.deb', '.whl', '.zip', '.tgz', '.gz', '.bz2')))
    paths.sort(key=lambda path: package_name(path) not in HELD_OUT)
    for path in paths:
        try:
            collector.add(package_name(path), dict(members(path)), os.path.basename(os.path.dirname(path)))
        except (OSError, tarfile.TarError, zipfile.BadZipFile, json.JSONDecodeError) as error:
            print('left out:', path, error)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    commands.add_parser('fetch').add_argument('archives')
    command = commands.add_parser('build')
    command.add_argument('archives')
    command.add_argument('out')
    command.add_argument('--humaneval', required=True, help='HumanEval.jsonl.gz, to leave out what resembles it')
    arguments = parser.parse_args()
    if arguments.command == 'fetch':
        fetch(arguments.archives)
    else:
        collector = Collector(benchmark_runs(arguments.humaneval))
        collect(arguments.archives, collector)
        collector.add('stdlib', standard_library(), 'stdlib')
        print(json.dumps(collector.write(arguments.out), indent=1))


if __name__ == '__main__':
    main()

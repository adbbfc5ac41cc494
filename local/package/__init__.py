"""The package: what runs in Azure, as one zip with its dependencies, compiled. `make package` calls `python -m local.package`.

| module | what it does |
|---|---|
| `ignore` | reads .funcignore |
| `contents` | which files of the project go in, and what must never |
| `dependencies` | the packages of requirements.txt, without what nobody needs |
| `graph_sdk` | the few modules of the Graph SDK that are loaded |
| `archive` | the zip: the same bytes each time |
"""

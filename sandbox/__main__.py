"""Start a stand-in: ``python -m sandbox crm`` or ``python -m sandbox providers``."""

import argparse

from sandbox import crm, providers

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in (("crm", crm), ("providers", providers)):
        command = commands.add_parser(name, help=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    arguments = parser.parse_args()
    arguments.run(arguments)

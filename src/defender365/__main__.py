"""`python -m defender365` is the command line."""

from defender365.hosts.cli import main

if __name__ == "__main__":
    main()

"""What every test folder shares: pytest's own fixture for running pytest on small projects."""

pytest_plugins = ["pytester"]

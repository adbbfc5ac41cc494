"""Does this deployment work, and is it closed where it has to be? `postrum doctor` asks, `GET /api/v1/doctor` answers.

`model` says what a finding is, `run` makes the checks at once and within their time, `doctor` puts them together; every other
module is one group of checks. `outside` judges what can only be seen from outside.
"""

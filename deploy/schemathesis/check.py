#!/usr/bin/env python3
"""Asks a running demo everything that its description allows and much that it does not, as each role.

    check.py DEMO.json [ROLE…]      DEMO.json is the line that `cargo xtask demo --json` prints

EXAMPLES (40) and SEED (1) are schemathesis's own; what it tells is in REPORTS (reports).
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
# The admin, who makes and changes users, comes last.
ROLES = ["viewer", "operator", "manager", "admin"]
# What would end the run itself: one's own session, and the users of later runs.
ENDS_THE_RUN = ["auth_logout", "auth_end_session", "users_disable"]


def sign_in(api: str, user: dict) -> str:
    body = json.dumps({"email": user["email"], "password": user["password"]}).encode()
    request = urllib.request.Request(f"{api}/api/v1/auth/login", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["access_token"]


def run(api: str, token: str, told: Path) -> int:
    command = ["schemathesis", "--config-file", str(HERE / "schemathesis.toml"), "run", f"{api}/openapi.json"]
    command += ["--header", f"Authorization: Bearer {token}", "--checks", "all"]
    command += ["--report", "ndjson", "--report-ndjson-path", str(told)]
    command += ["--max-examples", os.environ.get("EXAMPLES", "40"), "--seed", os.environ.get("SEED", "1")]
    for call in ENDS_THE_RUN:
        command += ["--exclude-operation-id", call]
    with told.with_suffix(".log").open("w") as log:
        return subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, cwd=HERE).returncode


def count(told: Path) -> tuple[Counter, Counter, Counter]:
    """Requests by phase, verdicts by check, failures by check."""
    requests, checks, failures = Counter(), Counter(), Counter()
    with told.open() as lines:
        for line in lines:
            scenario = json.loads(line).get("ScenarioFinished")
            if scenario is None:
                continue
            requests[scenario["phase"]] += len(scenario["recorder"].get("interactions", {}))
            for verdicts in scenario["recorder"].get("checks", {}).values():
                for verdict in verdicts:
                    checks[verdict["name"]] += 1
                    failures[verdict["name"]] += verdict["status"] != "success"
    return requests, checks, failures


def main() -> int:
    demo = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(os.environ.get("REPORTS", "reports")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    worst = 0
    for role in sys.argv[2:] or ROLES:
        user = next(user for user in demo["users"] if user["role"] == role)
        told = folder / f"{role}.ndjson"
        code = run(demo["api"], sign_in(demo["api"], user), told)
        requests, checks, failures = count(told)
        print(f"{role}: {sum(requests.values())} requests {dict(requests)}, {sum(failures.values())} failures, exit {code}")
        for check, times in sorted(checks.items()):
            print(f"  {check:<45} {times:>7} {failures[check]:>4}", flush=True)
        worst = max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main())

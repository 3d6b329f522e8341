# FastAPI and its server come from the system; what is pinned in requirements.txt goes into .venv.
set -e
python3 -m venv --system-site-packages .venv
.venv/bin/pip install -q --require-hashes -r requirements.txt

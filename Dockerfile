# One file, three images: `docker build --target api .`, `--target ingestor` (Jobs use it too) and `--target operator`.
# What `make run` starts beside our own services (ministack, Caddy) is not in them.
ARG BASE_IMAGE=python:3.12-slim

FROM ${BASE_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv /build && python3 -m venv /opt/vinymatic
# The lock files alone first: these layers are made again only when a dependency changes.
COPY requirements/build.lock requirements/runtime.lock /locks/
RUN /build/bin/pip install --require-hashes --no-deps -r /locks/build.lock \
 && /opt/vinymatic/bin/pip install --require-hashes --no-deps --only-binary :all: -r /locks/runtime.lock
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY vinymatic vinymatic
COPY services services
COPY operator operator
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/vinymatic/bin/pip install --no-deps /wheels/*.whl \
 && /opt/vinymatic/bin/python -m pip uninstall --yes pip

FROM ${BASE_IMAGE} AS runtime
COPY --from=build /opt/vinymatic /opt/vinymatic
# A number, so that Kubernetes can see that it is not root. Its folder exists, so that a new volume takes over its owner.
RUN groupadd --gid 10001 vinymatic \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin vinymatic \
 && install --directory --owner 10001 --group 10001 /data
ENV PATH=/opt/vinymatic/bin:$PATH PYTHONUNBUFFERED=1 BACKUP_FOLDER=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
ENTRYPOINT ["vinymatic"]

FROM runtime AS api
EXPOSE 5002
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '5002') + '/healthz', timeout=2)"]
CMD ["serve"]

FROM runtime AS ingestor
EXPOSE 9102
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('METRICS_PORT', '9102') + '/healthz', timeout=2)"]
CMD ["ingest"]

FROM runtime AS operator
EXPOSE 9103
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('METRICS_PORT', '9103') + '/healthz', timeout=2)"]
CMD ["operate"]

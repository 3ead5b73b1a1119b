# One file, three images: `docker build --target api .`, `--target ingestor` (Jobs use it too) and `--target operator`. What is in them,
# and why: docs/images.md. BASE_IMAGE: any Debian with Python 3.11 or later. Needs BuildKit, as Docker has it, or buildah.
ARG BASE_IMAGE=python:3.12-slim

# pip, and the project's own wheel. Of these stages only what they install gets into an image.
FROM ${BASE_IMAGE} AS tools
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements/build.lock /locks/
RUN python3 -m venv /tools && /tools/bin/pip install --require-hashes --no-deps -r /locks/build.lock

FROM tools AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY vinymatic vinymatic
COPY services services
COPY operator operator
RUN /tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

# Nothing more: old buildahs mount of a stage that is in their cache only what it began with.
FROM wheel AS kit

# What all three have: the library's dependencies, in one layer that a node stores once. --no-compile: check.py leaves the compiled form
# of what is imported alone.
FROM tools AS libraries
COPY requirements/common.lock deploy/image/slim.py deploy/image/check.py /build/
RUN python3 -m venv --without-pip /opt/vinymatic \
 && /tools/bin/pip --python /opt/vinymatic/bin/python install \
      --no-compile --require-hashes --no-deps --only-binary :all: -r /build/common.lock \
 && /opt/vinymatic/bin/python /build/slim.py && /opt/vinymatic/bin/python /build/check.py

FROM ${BASE_IMAGE} AS runtime
# A number, so that Kubernetes can see that it is not root. Its folder exists, so that a new volume takes over its owner.
# Nothing that installs software stays, of the official image or of Debian's Python.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/site-packages/pip* /usr/local/lib/python3*/ensurepip \
      /usr/lib/python3*/ensurepip /usr/share/python-wheels \
 && groupadd --gid 10001 vinymatic \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin vinymatic \
 && install --directory --owner 10001 --group 10001 /data
COPY --from=libraries /opt/vinymatic /opt/vinymatic
ENV PATH=/opt/vinymatic/bin:$PATH PYTHONUNBUFFERED=1 BACKUP_FOLDER=/data \
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /data
VOLUME /data
ENTRYPOINT ["vinymatic"]

# INPUTS: what stands for the sources. buildah's cache asks only whether a command and its arguments are the same, not what it mounts: without
# it changed code would leave an image as it was. BuildKit looks itself.
FROM runtime AS api
ARG INPUTS=unknown
RUN --mount=type=bind,from=kit,source=/tools,target=/tools --mount=type=bind,from=kit,source=/wheels,target=/wheels \
    --mount=type=bind,source=requirements/api.lock,target=/build/api.lock --mount=type=bind,source=deploy/image,target=/build/image \
    sh /build/image/install.sh api vinymatic vinymatic_api
USER 10001:10001
EXPOSE 5002
CMD ["serve"]
ARG VERSION=0.1.0 REVISION=unknown
LABEL org.opencontainers.image.title="Vinymatic API" org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.description="Says which release a photographed record sleeve is, or that it is not in the catalogue." \
      org.opencontainers.image.version=$VERSION org.opencontainers.image.revision=$REVISION

FROM runtime AS ingestor
ARG INPUTS=unknown
RUN --mount=type=bind,from=kit,source=/tools,target=/tools --mount=type=bind,from=kit,source=/wheels,target=/wheels \
    --mount=type=bind,source=requirements/ingestor.lock,target=/build/ingestor.lock --mount=type=bind,source=deploy/image,target=/build/image \
    sh /build/image/install.sh ingestor vinymatic vinymatic_ingestor
USER 10001:10001
EXPOSE 9102
CMD ["ingest"]
ARG VERSION=0.1.0 REVISION=unknown
LABEL org.opencontainers.image.title="Vinymatic ingestor" org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.description="Brings cover scans from a queue into the index, and runs the index's jobs." \
      org.opencontainers.image.version=$VERSION org.opencontainers.image.revision=$REVISION

FROM runtime AS operator
ARG INPUTS=unknown
RUN --mount=type=bind,from=kit,source=/tools,target=/tools --mount=type=bind,from=kit,source=/wheels,target=/wheels \
    --mount=type=bind,source=requirements/operator.lock,target=/build/operator.lock --mount=type=bind,source=deploy/image,target=/build/image \
    sh /build/image/install.sh operator vinymatic_operator
USER 10001:10001
EXPOSE 9103
CMD ["operate"]
ARG VERSION=0.1.0 REVISION=unknown
LABEL org.opencontainers.image.title="Vinymatic operator" org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.description="Looks after indexes on Kubernetes: retraining, backups, roll-outs." \
      org.opencontainers.image.version=$VERSION org.opencontainers.image.revision=$REVISION

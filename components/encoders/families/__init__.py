"""The members of the BERT family: what their config.json says, and how their checkpoints name things."""

from __future__ import annotations

from components.encoders.families.albert import Albert
from components.encoders.families.bert import Bert
from components.encoders.families.distilbert import DistilBert
from components.encoders.families.electra import Electra
from components.encoders.families.family import Family

# By the `model_type` of config.json.
FAMILIES: dict[str, type[Family]] = {"bert": Bert, "distilbert": DistilBert, "electra": Electra, "albert": Albert}

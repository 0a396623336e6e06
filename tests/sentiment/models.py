"""Tiny models of several architectures with random weights; `bias` makes their label predictable."""

import json
from pathlib import Path
from typing import Any

from app.sentiment.process_setup import configure_process

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SYLLABLES = list("재미있없다최고악감동지루해요영화배우연기가나를은는이도의정말진짜ㅋㅎㅠ!?.1234567890abcdefg")
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


def stars(folder: Path, count: int = 10, *, window: int = 96, **changes: Any) -> Path:
    """Create a BERT with one class a star, a unigram tokenizer.json and safetensors in half precision."""
    configure_process()
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast, set_seed

    pieces = [(piece, 0.0) for piece in SPECIAL] + [(piece, -3.0) for piece in SYLLABLES]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=1))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=window, **names).save_pretrained(folder)
    set_seed(1)
    labels = {index: str(index + 1) for index in range(count)}
    config = BertConfig(
        vocab_size=len(pieces), max_position_embeddings=window, initializer_range=0.3, id2label=labels, **SIZES
    )
    BertForSequenceClassification(config).half().save_pretrained(folder)
    return change_config(folder, **changes)


def electra(folder: Path, *, bias: float = 0.0, fast: bool = True, window: int = 64, **changes: Any) -> Path:
    """Create an ELECTRA of two unnamed classes, in pytorch_model.bin with a WordPiece vocab.txt, as
    matthewburke/korean_sentiment is. `bias` is added to the second class, LABEL_1; `fast` adds tokenizer.json."""
    configure_process()
    import torch
    from transformers import ElectraConfig, ElectraForSequenceClassification, ElectraTokenizer, set_seed

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = SPECIAL + SYLLABLES + [f"##{piece}" for piece in SYLLABLES]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    settings = {"tokenizer_class": "ElectraTokenizer", "do_lower_case": False, "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    if fast:
        ElectraTokenizer.from_pretrained(folder, local_files_only=True).save_pretrained(folder)
    set_seed(2)
    config = ElectraConfig(
        vocab_size=len(vocabulary), embedding_size=16, max_position_embeddings=window, initializer_range=0.1, **SIZES
    )
    model = ElectraForSequenceClassification(config)
    with torch.no_grad():
        model.classifier.out_proj.bias += torch.tensor([0.0, bias])
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    config.architectures = ["ElectraForSequenceClassification"]
    config.save_pretrained(folder)
    return change_config(folder, id2label=None, label2id=None, **changes)


def roberta(folder: Path, positions: int = 34) -> Path:
    """Create a RoBERTa: its positions start after the padding token's, so its window is two tokens shorter."""
    electra(folder)
    (folder / "pytorch_model.bin").unlink()
    from transformers import RobertaConfig, RobertaForSequenceClassification, set_seed

    set_seed(3)
    config = RobertaConfig(
        vocab_size=len(SPECIAL) + 2 * len(SYLLABLES), max_position_embeddings=positions, pad_token_id=1, **SIZES
    )
    RobertaForSequenceClassification(config).save_pretrained(folder)
    return folder


def change_config(folder: Path, **changes: Any) -> Path:
    """Set keys of the folder's config.json; None removes a key."""
    path = folder / "config.json"
    config = {**json.loads(path.read_text("utf-8")), **changes}
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not None}), encoding="utf-8")
    return folder

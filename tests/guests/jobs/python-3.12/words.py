# Counts words with a regular expression, sorts them, writes and reads JSON.
import collections
import json
import re
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower())
counts = collections.Counter(words)
print("words:", len(words), "different:", len(counts))
print("most common:", counts.most_common(5))
by_length = sorted(counts, key=lambda word: (-len(word), word))
print("longest:", by_length[:5])
sentences = re.split(r"(?<=[.!?])\s+", text.strip())
print("sentences:", len(sentences), "longest:", max(map(len, sentences)))
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump({"counts": counts, "ratio": len(words) / len(counts), "first": words[0]}, file, indent=1, sort_keys=True)
with open(sys.argv[2], encoding="utf-8") as file:
    back = json.load(file)
print("back:", back["counts"] == counts, back["ratio"], back["first"])
print(re.sub(r"\b(\w)(\w*)\b", lambda match: match[1].upper() + match[2], sentences[0]))

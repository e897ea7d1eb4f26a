"""A data set laid out on disk as the openml client keeps it."""

import pandas as pd

DESCRIPTION = """<oml:data_set_description xmlns:oml="http://openml.org/openml">
  <oml:id>{id}</oml:id><oml:name>{name}</oml:name><oml:version>2</oml:version>
  <oml:description>laid out by a test</oml:description><oml:format>ARFF</oml:format>
  <oml:url>https://localhost/{name}.arff</oml:url><oml:file_id>{id}</oml:file_id>
  <oml:default_target_attribute>{target}</oml:default_target_attribute><oml:md5_checksum>{md5}</oml:md5_checksum>
</oml:data_set_description>
"""


def lay_out(root, number, name, frame, nominal, target):
    """A folder as the openml client keeps it: description.xml and dataset.arff."""
    folder = root / "org" / "openml" / "www" / "datasets" / str(number)
    folder.mkdir(parents=True)
    lines = [f"@RELATION {name}"]
    for column in frame:
        if column in nominal:
            levels = ",".join(f"'{v}'" for v in sorted(frame[column].dropna().unique(), key=str))
            lines.append(f"@ATTRIBUTE '{column}' {{{levels}}}")
        else:
            lines.append(f"@ATTRIBUTE '{column}' NUMERIC")
    lines.append("@DATA")
    cells = [
        frame[c].map(lambda v: "?" if pd.isna(v) else f"'{v}'") if c in nominal else frame[c].astype(str) for c in frame
    ]
    lines += [",".join(row) for row in zip(*cells, strict=True)]
    text = "\n".join(lines) + "\n"
    (folder / "dataset.arff").write_text(text)
    (folder / "description.xml").write_text(DESCRIPTION.format(id=number, name=name, target=target, md5=""))

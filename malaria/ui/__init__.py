"""What the pages share: the frame, galleries, charts, the example picker. The rest needs no streamlit."""

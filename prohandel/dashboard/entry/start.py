"""The script that Streamlit runs; away from the folder `pages`, which Streamlit would take for its menu."""

from prohandel.dashboard.app import main

main()

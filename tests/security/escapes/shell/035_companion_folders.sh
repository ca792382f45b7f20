# Writes into companion's own configuration, policy and history.
for folder in @CONFIG_DIR@ @DATA_DIR@ ~/.config/companion ~/.local/share/companion; do echo 'allow = ["*"]' > $folder/policy.toml; touch $folder/x; mkdir $folder/themes; done 2>/dev/null
echo ATTEMPTED

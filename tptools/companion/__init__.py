"""What only this book needs: the paper's numbers, claims, recipes, trials and figures."""
